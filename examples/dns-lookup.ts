import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { openPort } from 'sluice/cli';
import { Resolver } from 'sluice/dns';
import { Agent, fetch } from 'undici';

// The same resolver for node:http, node:net and undici: one cache, one look-up per name.
//   node dns-lookup.js http://localhost:8080/ [server]
const url = new URL(process.argv[2] ?? 'http://localhost:8080/');
const server = process.argv[3];
const core = openPort();
const resolver = new Resolver(core, server === undefined ? {} : { servers: [server] });
const { lookup } = resolver;

const [response] = await once(request(url, { lookup, agent: false }).end(), 'response');
console.log(`node:http ${response.statusCode} from ${response.socket.remoteAddress}`);
response.resume();
await once(response, 'end');

const socket = connect({ host: url.hostname, port: Number(url.port || 80), lookup });
await once(socket, 'connect');
console.log(`node:net connected to ${socket.remoteAddress}`);
socket.destroy();

const dispatcher = new Agent({ connect: { lookup } });
const answer = await fetch(url, { dispatcher });
console.log(`undici ${answer.status}`);
await answer.arrayBuffer();
await dispatcher.close();

const { hits, misses } = resolver.stats().cache;
console.log(`${hits} hits, ${misses} misses`);
await resolver[Symbol.asyncDispose]();
core.close();
