import type { LocationConf } from '../../conf/location-conf.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Site } from '../../engine/site.ts';
import type { LocationPlugin } from './plugin-of.ts';
import { requestPhase } from './request-phases.ts';
import { loggingPhase, responsePhase } from './response-phases.ts';
import { keepPlugins } from './upstream-phase.ts';

/** `phase_module`: plugins of `sluice/proxy` in a location. */
export const phasesModule: HttpModule = {
  name: 'phases',
  location(location, site) {
    const plugins = pluginsOf(location.conf, site);
    if (plugins.length === 0) return;
    const early = requestPhase(plugins, 'earlyRequest');
    if (early !== undefined) location.preAccess.push(early);
    const filter = requestPhase(plugins, 'requestFilter');
    if (filter !== undefined) location.preContent.push(filter);
    const logging = loggingPhase(plugins);
    if (logging !== undefined) location.loggers.push(logging);
    keepPlugins(location, plugins);
  },
};

/** The same on the way back: after fields that the configuration adds. */
export const responsePhasesModule: HttpModule = {
  name: 'response-phases',
  location(location, site) {
    const filter = responsePhase(pluginsOf(location.conf, site));
    if (filter !== undefined) location.headerFilters.push(filter);
  },
};

function pluginsOf({ phaseModules }: LocationConf, site: Site): readonly LocationPlugin[] {
  return phaseModules.map((path) => {
    const plugin = site.environment.plugins?.get(path);
    if (plugin === undefined) throw new Error(`phase_module "${path}" has not been loaded`);
    return plugin;
  });
}
