/** `$name` or `${name}` in a text: replaced by what the variable is when the text is used. */
export type VariablePart = { readonly name: string };

/** A text with variables in it (`http://$host$request_uri`); a plain string has none. */
export type Template = string | readonly (string | VariablePart)[];
