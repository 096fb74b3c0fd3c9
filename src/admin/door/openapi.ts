// The OpenAPI document, written from the routes and the shapes of their answers.

import { z } from 'zod';
import { errorSchema } from '../schema.ts';
import { type Route, routes } from './routes.ts';

/** OpenAPI 3.1, whose schemas are JSON Schema. */
export function describeRoutes(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path][route.method.toLowerCase()] = describe(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Caracal admin API',
      version,
      description:
        'Where the door is reached from outside this machine, everything wants the token. The UNIX socket wants none.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: jsonSchema(errorSchema) },
    },
  };
}

function describe(route: Route): object {
  const parameters = (route.query ?? []).map((parameter) => ({ in: 'query', required: false, ...parameter }));
  const hash = {
    in: 'path',
    name: 'info_hash',
    required: true,
    description: '40 hexadecimal digits',
    schema: { type: 'string', pattern: '^[0-9a-fA-F]{40}$' },
  };
  const { schema, contentType = 'application/json' } = route;
  const content = { [contentType]: { schema: schema === undefined ? {} : jsonSchema(schema) } };
  return {
    summary: route.summary,
    operationId: operationId(route),
    parameters: route.path.includes('{info_hash}') ? [hash, ...parameters] : parameters,
    security: route.trustedOnly ? [{ token: [] }] : [{ token: [] }, {}],
    responses: {
      200: { description: 'the answer', content },
      ...Object.fromEntries(
        Object.entries(route.otherStatuses ?? {}).map(([status, description]) => [
          status,
          { description, content },
        ]),
      ),
      default: {
        description:
          'why not: 400 nonsense, 401 or 403 not allowed, 404 unknown, 500 it failed, 501 not possible here',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

/** `GET /api/v1/swarms/{info_hash}` as `getSwarmsInfoHash`. */
function operationId({ method, path }: Route): string {
  const words = path.replace('/api/v1', '').match(/[a-z]+/g)!;
  return [method.toLowerCase(), ...words.map((word) => word[0].toUpperCase() + word.slice(1))].join('');
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema) as Record<string, unknown>;
  return rest;
}
