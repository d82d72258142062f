import type { Position } from './config-error.ts';
import type { Settings } from './program-conf.ts';

/** Where a directive can stand. */
export type ContextName =
  | 'main'
  | 'events'
  | 'http'
  | 'server'
  | 'location'
  | 'if-server'
  | 'if-location'
  | 'limit_except'
  | 'upstream'
  | 'stream'
  | 'stream-server'
  | 'stream-upstream';

/** One block of the configuration with what its directives have set. */
export class Scope {
  readonly context: ContextName;
  readonly parent: Scope | undefined;
  readonly position: Position | undefined;
  /** Inner blocks have these, too, unless they say otherwise. */
  readonly values: Partial<Record<keyof Settings, unknown>> = {};
  /** These are for this block alone. */
  readonly own: Partial<Record<keyof Settings, unknown>> = {};
  /** Blocks inside that are made into something once this one is complete. */
  readonly children: Scope[] = [];
  /** What modules keep of this block, by a name of theirs. */
  readonly parts: Map<string, unknown> = new Map<string, unknown>();

  constructor(context: ContextName, parent?: Scope, position?: Position) {
    this.context = context;
    this.parent = parent;
    this.position = position;
  }

  /** The nearest block of this kind around it, itself included. */
  enclosing(context: ContextName): Scope | undefined {
    return this.context === context ? this : this.parent?.enclosing(context);
  }

  /** Is a setting made here? */
  has(key: keyof Settings): boolean {
    return key in this.values || key in this.own;
  }

  /** What holds here of a setting that was made here or around. */
  lookup<Key extends keyof Settings>(key: Key): Settings[Key] | undefined {
    if (key in this.own) return this.own[key] as Settings[Key];
    if (key in this.values) return this.values[key] as Settings[Key];
    return this.parent?.lookup(key);
  }
}
