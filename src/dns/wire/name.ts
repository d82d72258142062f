/**
 * A name as bytes of the wire, ASCII letters lowered, in a latin1 string: length bytes, labels and
 * the zero of the root. The key of every table: two names are the same exactly when this is.
 */
export type NameKey = string;
