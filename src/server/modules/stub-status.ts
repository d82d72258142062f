import type { ConnectionStage } from '../../http/server-connection.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { VariableTable } from '../engine/variables.ts';
import type { Verdict } from '../engine/verdict.ts';

const count =
  (stage: ConnectionStage) =>
  ({ site }: Request): string =>
    String(stagesOf(site)[stage]);

const VARIABLES: VariableTable = {
  connections_active: ({ site }) => String(site.connections.size),
  connections_reading: count('reading'),
  connections_writing: count('writing'),
  connections_waiting: count('waiting'),
};

/** `stub_status`: how many connections there are, and what they are doing. */
export const stubStatusModule: HttpModule = {
  name: 'stub status',
  variables: VARIABLES,
  location: (location) => {
    if (location.conf.stubStatus) location.handler = answer;
  },
};

type Stages = Record<ConnectionStage, number>;

/** Connections are looked at when somebody asks: they need not be counted meanwhile. */
function stagesOf({ connections }: Site): Stages {
  const stages: Stages = { reading: 0, writing: 0, waiting: 0 };
  for (const { stage } of connections.all()) stages[stage] += 1;
  return stages;
}

function answer(request: Request): Verdict {
  const { method, site } = request;
  if (method !== 'GET' && method !== 'HEAD') return 405;
  const { reading, writing, waiting } = stagesOf(site);
  const { accepted, requests, connections } = site;
  return request.reply(
    200,
    'text/plain',
    `Active connections: ${connections.size} \n` +
      'server accepts handled requests\n' +
      ` ${accepted} ${accepted} ${requests} \n` +
      `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} \n`,
  );
}
