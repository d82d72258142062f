import type { Template } from '../conf/template.ts';
import type { Request } from './request.ts';
import type { Getter, Variables } from './variables.ts';

/** A text that is made for a request. */
export type Evaluate = (request: Request) => string;

/** How a template becomes text. Throws `UnknownVariable`. */
export function compileTemplate(template: Template, variables: Variables): Evaluate {
  if (typeof template === 'string') return () => template;
  const parts = template.map((part): string | Getter =>
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
      const part = parts[i] as string | Getter;
      text += typeof part === 'string' ? part : (part(request) ?? '');
    }
    return text;
  };
}

/** Does the text depend on the request? */
export function hasVariables(template: Template | undefined): boolean {
  return template !== undefined && typeof template !== 'string';
}
