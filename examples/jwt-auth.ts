import { createHmac, timingSafeEqual } from 'node:crypto';
import { definePlugin, defineProxy, reply } from 'sluice/proxy';

// Lets requests pass that have a JSON Web Token (RFC 7519) signed with HS256 and our secret.
//   SECRET=hush node jwt-auth.js 127.0.0.1:8080 http://127.0.0.1:9001
const SECRET = process.env.SECRET ?? 'only for trying';
const [server = 'http://127.0.0.1:9001'] = process.argv.slice(3);

type Claims = { readonly sub?: string; readonly exp?: number };

/** The claims of a token that is ours and has not expired. */
function verified(token: string): Claims | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const given = Buffer.from(signature, 'base64url');
  const wanted = createHmac('sha256', SECRET).update(`${header}.${payload}`).digest();
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  // What is signed with our secret is what we have made: only then is it read.
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: string };
  if (alg !== 'HS256') return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  return claims.exp !== undefined && claims.exp * 1000 < Date.now() ? undefined : claims;
}

const jwt = definePlugin({
  name: 'jwt',
  context: () => ({ subject: '' }),
  phases: {
    requestFilter(session) {
      const [, token] =
        /^Bearer ([\w.-]+)$/i.exec(session.req.headers.get('authorization') ?? '') ?? [];
      const claims = token === undefined ? undefined : verified(token);
      if (claims?.sub === undefined) {
        return reply(401, 'a token is needed\n', { 'www-authenticate': 'Bearer' });
      }
      session.ctx.subject = claims.sub;
      return undefined;
    },
    upstreamRequestFilter: (session, up) =>
      void up.headers.delete('authorization').set('x-subject', session.ctx.subject),
  },
});

const app = defineProxy().use(jwt).route('/', server);

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
