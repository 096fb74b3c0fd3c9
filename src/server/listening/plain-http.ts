// What plain HTTP listeners answer besides announces: the authority's questions, and where HTTPS is.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import { createRedirect } from '../../transport/http/http-redirect.ts';
import { sendText } from '../../transport/http/http-send.ts';
import type { PublicNames } from '../../transport/live-change.ts';
import type { Configuration } from '../options/configuration.ts';

export type AnswerFirst = (request: IncomingMessage, response: ServerResponse) => boolean;

/** `challengesOnly`: for the listener on the authority's port, where no tracker is. */
export function createAnswerFirst(
  configuration: Configuration,
  challenges: AcmeChallenges,
  challengesOnly: boolean,
  names: PublicNames,
): AnswerFirst | undefined {
  const answers: AnswerFirst[] = [];
  if (configuration.acmeDomain.length > 0)
    answers.push((request, response) => challenges.answer(request, response));
  if (configuration.redirectHttp) answers.push(createRedirect(() => names.redirectTo!));
  else if (challengesOnly) answers.push(notFound);
  if (answers.length === 0) return undefined;
  return (request, response) => answers.some((answer) => answer(request, response));
}

function notFound(_request: IncomingMessage, response: ServerResponse): true {
  sendText(response, 404, 'text/plain', 'not found\n', 'Connection', 'close');
  return true;
}
