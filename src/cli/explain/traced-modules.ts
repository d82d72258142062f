import type { Handler, HttpModule, Location, Request } from '../../server/index.ts';
import { NEXT, PASS, TAKEN, WAIT } from '../../server/index.ts';
import { locationChoice, locationName } from './location-choice.ts';
import { proxyLines } from './proxy-lines.ts';

/** What is told of a request, line by line: a word that says what about, and the text. */
export type Tell = (about: string, text: string) => void;

const PHASES = ['preAccess', 'access', 'preContent', 'content'] as const;
const ABOUT = {
  preAccess: 'limits',
  access: 'access',
  preContent: 'before',
  content: 'content',
} as const;

/** The same modules, whose handlers tell what they do. */
export function tracedModules(modules: readonly HttpModule[], tell: Tell): readonly HttpModule[] {
  const traced = modules.map((module) => tracedModule(module, tell));
  return [...traced, watcher(tell)];
}

function tracedModule(module: HttpModule, tell: Tell): HttpModule {
  const { name } = module;
  return {
    ...module,
    location: (location, site) => {
      const counts = PHASES.map((phase) => location[phase].length);
      const { handler, rewrite } = location;
      module.location?.(location, site);
      for (const [index, phase] of PHASES.entries()) {
        const handlers = location[phase];
        for (let i = counts[index] as number; i < handlers.length; i += 1) {
          handlers[i] = tracedHandler(handlers[i] as Handler, ABOUT[phase], name, tell);
        }
      }
      if (location.rewrite !== undefined && location.rewrite !== rewrite) {
        location.rewrite = tracedRewrite(location.rewrite, locationName(location.conf), tell);
      }
      if (location.handler !== undefined && location.handler !== handler) {
        location.handler = tracedContent(location.handler, name, tell);
      }
    },
    server: (server, site) => {
      module.server?.(server, site);
      if (name === 'rewrite' && server.rewrite !== undefined) {
        server.rewrite = tracedRewrite(server.rewrite, 'the server', tell);
      }
    },
  };
}

function tracedHandler(handler: Handler, about: string, name: string, tell: Tell): Handler {
  return (request) => {
    const path = about === 'content' ? request.location.filePath?.(request) : undefined;
    const verdict = handler(request);
    if (verdict === PASS && about === 'access') tell(about, `${name} lets it in`);
    else if (verdict >= 200) tell(about, `${name} says ${verdict}`);
    else if (verdict === TAKEN && about === 'content') {
      tell(about, path === undefined ? name : `${name}: ${path}`);
    } else if (verdict === WAIT) tell(about, `${name} takes its time`);
    return verdict;
  };
}

function tracedRewrite(handler: Handler, where: string, tell: Tell): Handler {
  return (request) => {
    const before = textOf(request);
    const { location } = request;
    const verdict = handler(request);
    const after = textOf(request);
    if (after !== before) tell('rewrite', `in ${where}: ${before} -> ${after}`);
    if (request.location !== location)
      tell('if', `a condition in ${where} holds: its block counts`);
    if (verdict >= 200) {
      const target = request.out.location === '' ? '' : ` to ${request.out.location}`;
      tell('return', `in ${where}: ${verdict}${target}`);
    } else if (verdict === TAKEN) tell('return', `in ${where}: ${request.out.status}, a text`);
    return verdict;
  };
}

function tracedContent(handler: Handler, name: string, tell: Tell): Handler {
  return (request) => {
    tell('content', `${name} of "${locationName(request.location.conf)}"`);
    const verdict = handler(request);
    const lines = name === 'proxy' ? proxyLines(request) : [];
    for (const line of lines) tell('proxy', line);
    // What follows is about a network on which that server is not.
    if (lines.length > 0) tell('answer', 'what that server says');
    return verdict;
  };
}

/** Tells what no module does: the choice of a location, and the end. */
function watcher(tell: Tell): HttpModule {
  return {
    name: 'explain',
    postRead: () => (request) => {
      const { findLocation } = Object.getPrototypeOf(request) as Request;
      let told = '';
      request.findLocation = () => {
        // A rewrite makes the engine look twice.
        if (request.uri === told) return findLocation.call(request);
        if (told !== '') tell('path', request.uri);
        told = request.uri;
        for (const line of locationChoice(request.server.conf.location.locations, request.uri)) {
          tell('location', line);
        }
        const verdict = findLocation.call(request);
        if (verdict >= 200) tell('location', `answers ${verdict} by itself`);
        else tellPhases(request.location, tell);
        return verdict;
      };
      return NEXT;
    },
    location: (location) => {
      location.loggers.push((request) => {
        tell('answer', String(request.status));
      });
    },
  };
}

function tellPhases({ conf }: Location, tell: Tell): void {
  for (const path of conf.phaseModules) {
    tell('plugin', `phase_module ${path} has its say, and is not asked here`);
  }
}

function textOf({ uri, args }: Request): string {
  return args === '' ? uri : `${uri}?${args}`;
}
