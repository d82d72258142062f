import type { Template } from '../conf/template.ts';
import type { Request } from './request.ts';
import type { Evaluated, Getter, Variables } from './variables.ts';

/** A text that is made for a request. */
export type Evaluate<Of = Request> = (request: Of) => string;

/** How a template becomes text. Throws `UnknownVariable`. */
export function compileTemplate<Of extends Evaluated = Request>(
  template: Template,
  variables: Variables<Of>,
): Evaluate<Of> {
  if (typeof template === 'string') return () => template;
  const parts = template.map((part): string | Getter<Of> =>
    typeof part === 'string' ? part : variables.find(part.name).get,
  );
  const [only, second] = parts;
  if (parts.length === 1 && typeof only === 'function') return (request) => only(request) ?? '';
  if (parts.length === 2 && typeof only === 'string' && typeof second === 'function') {
    return (request) => only + (second(request) ?? '');
  }
  return (request) => {
    let text = '';
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as string | Getter<Of>;
      text += typeof part === 'string' ? part : (part(request) ?? '');
    }
    return text;
  };
}

/** Does the text depend on the request? */
export function hasVariables(template: Template | undefined): boolean {
  return template !== undefined && typeof template !== 'string';
}
