// One order with an ACME authority, from the account to the certificate (RFC 8555, HTTP-01).
import { Agent } from 'node:https';
import type { Authorization, Client } from 'acme-client';
import type { AcmeChallenges } from '../../transport/http/acme-challenges.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';

export interface AcmeOrder {
  /** URL of the authority's directory. */
  readonly directory: string;
  readonly domains: readonly string[];
  readonly email: string | undefined;
  /** PEM. */
  readonly accountKey: string;
  readonly challenges: AcmeChallenges;
}

/** The authority refused, or could not be reached. */
export class AcmeError extends Error {
  override readonly name = 'AcmeError';
  /** How long the authority wants to be left alone, in milliseconds; 0 if it did not say. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, cause: unknown) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

const requestTimeoutMs = 30_000;
/** How often and for how long an authority is asked whether it is done: some 3 minutes in all. */
const polling = { backoffAttempts: 24, backoffMin: 500, backoffMax: 10_000 };

/**
 * Asks for one certificate for all the names, with a key of its own.
 * @throws AcmeError with the authority's reason
 */
export async function orderCertificate(order: AcmeOrder): Promise<TlsCertificate> {
  // Loaded only now: a tracker whose certificate is fresh, or is someone else's care, never needs it.
  const acme = (await import('acme-client')).default;
  let retryAfterMs = 0;
  let connectionError: Error | undefined;
  // The library would wait and ask again by itself; when to ask again is the schedule's to say.
  const acmeSettings = { retryMaxAttempts: 0, retryDefaultDelay: 5 };
  const httpsAgent = createAgent((error) => {
    connectionError = error;
  });
  Object.assign(acme.axios.defaults, { timeout: requestTimeoutMs, acmeSettings, httpsAgent });
  const interceptor = acme.axios.interceptors.response.use((response) => {
    if (response.status >= 400) retryAfterMs = parseRetryAfter(response.headers['retry-after']);
    return response;
  });
  try {
    const { directory, accountKey, domains, email } = order;
    const client = new acme.Client({ directoryUrl: directory, accountKey, ...polling });
    await openAccount(client, email);
    const placed = await client.createOrder({
      identifiers: domains.map((value) => ({ type: 'dns', value })),
    });
    for (const authorization of await client.getAuthorizations(placed))
      await prove(client, authorization, order.challenges);
    const key = await acme.crypto.createPrivateEcdsaKey('P-256');
    const [, request] = await acme.crypto.createCsr({ altNames: [...domains] }, key);
    const chain = await client.getCertificate(await client.finalizeOrder(placed, request));
    return { chain, key: key.toString() };
  } catch (error) {
    // Without a response to speak of, the library fails over its own words: a TypeError of no use to anyone.
    const unreachable = error instanceof TypeError || (error as Error).cause instanceof TypeError;
    const reason = unreachable ? (connectionError?.message ?? 'no answer in time') : reasonOf(error);
    throw new AcmeError(
      unreachable ? `the authority cannot be reached: ${reason}` : reason,
      retryAfterMs,
      error,
    );
  } finally {
    acme.axios.interceptors.response.eject(interceptor);
  }
}

async function openAccount(client: Client, email: string | undefined): Promise<void> {
  const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
  try {
    await client.createAccount({ onlyReturnExisting: true });
  } catch {
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
    return;
  }
  if (email !== undefined) await client.updateAccount(contact);
}

/** Has the authority see for itself that the name leads to this tracker. */
async function prove(
  client: Client,
  authorization: Authorization,
  challenges: AcmeChallenges,
): Promise<void> {
  // An earlier order may have proved it already.
  if (authorization.status === 'valid') return;
  const name = authorization.identifier.value;
  const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
  if (challenge === undefined) throw new Error(`${name}: the authority offers no HTTP-01 challenge`);
  challenges.set(challenge.token, await client.getChallengeKeyAuthorization(challenge));
  try {
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  } catch (error) {
    throw new Error(`${name}: ${reasonOf(error)}`, { cause: error });
  } finally {
    challenges.delete(challenge.token);
  }
}

/** An agent that tells why a connection to the authority failed. */
function createAgent(failed: (error: Error) => void): Agent {
  const agent = new Agent();
  const connect = agent.createConnection;
  agent.createConnection = (...words: Parameters<typeof connect>) =>
    connect.apply(agent, words)?.once('error', failed);
  return agent;
}

function reasonOf(error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  return message || code || 'it gave no reason';
}

/** Seconds or a date (RFC 9110, 10.2.3) as milliseconds from now. */
function parseRetryAfter(value: unknown): number {
  if (typeof value !== 'string') return 0;
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
