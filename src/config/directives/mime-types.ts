import type { DirectiveRow } from '../directive.ts';
import type { Settings } from '../program-conf.ts';

/** Settings that are lists of words. */
type Lists = {
  [Key in keyof Settings]-?: readonly string[] extends Settings[Key] ? Key : never;
}[keyof Settings];

/** Types of content that a filter looks at: `text/html` is always among them. */
export function typesOf(key: Lists): DirectiveRow['read'] {
  return (use) => {
    const known = use.scope.values[key] as readonly string[] | undefined;
    for (const [index, type] of use.args.entries()) {
      if (use.args.indexOf(type) === index && known?.includes(type) !== true) continue;
      use.warn(`duplicate MIME type "${type}"`);
    }
    use.scope.values[key] = [...new Set([...(known ?? ['text/html']), ...use.args])];
  };
}
