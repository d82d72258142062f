import { ConfigError, type Position } from './config-error.ts';
import type { DirectiveRow } from './directive.ts';
import { foreignHint, NGINX_MODULES } from './nginx/index.ts';
import type { ContextName } from './scope.ts';

/** What blocks a module's directives stand in: `main` for those outside of all others. */
export type Family = 'main' | 'http' | 'stream' | 'mail';

export function familyOfModule(name: string): Family {
  const family = /^ngx_(http|stream|mail)_/.exec(name)?.[1];
  return (family as Family | undefined) ?? 'main';
}

export function familyOf(context: ContextName): Family {
  if (context === 'main' || context === 'events') return 'main';
  return context.startsWith('stream') ? 'stream' : 'http';
}

/**
 * Why a directive cannot be read where it stands. `rows`: what is known of its name; one that nginx
 * has and we have not is no typing mistake.
 */
export function missingDirective(
  name: string,
  context: ContextName,
  rows: readonly DirectiveRow[],
  position: Position,
): ConfigError {
  const family = familyOf(context);
  const isKnownThere = rows.some(({ contexts }) =>
    contexts.some((one) => familyOf(one) === family),
  );
  if (!isKnownThere) {
    const modules = NGINX_MODULES.filter(({ directives }) => directives.includes(name));
    // A module for this block before one that merely has the name, too.
    const here = modules.find((one) => familyOfModule(one.name) === family);
    const module = here ?? (rows.length === 0 ? modules[0] : undefined);
    if (module?.never !== undefined) {
      return new ConfigError(`"${name}" directive is not supported`, position, module.never);
    }
    if (module !== undefined) {
      const hint = `nginx has it in ${module.name}, which is not all here yet`;
      return new ConfigError(`"${name}" directive is not supported yet`, position, hint);
    }
  }
  if (rows.length > 0) return new ConfigError(`"${name}" directive is not allowed here`, position);
  return new ConfigError(`unknown directive "${name}"`, position, foreignHint(name));
}
