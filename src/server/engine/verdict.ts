import type { Request } from './request.ts';

/**
 * What a handler says became of the request in its phase: one of the words below, or a status
 * (200 to 599) that it is to be finished with.
 */
export type Verdict = number;

/** Not mine: the next handler of the phase. */
export const NEXT = -1;
/** The phase is over; the next one. */
export const PASS = 0;
/** The answer takes time: `Request.resume` says it later, never within the call. */
export const WAIT = -2;
/** The request is somebody's now, who will end it. */
export const TAKEN = -3;
/** The request goes through the phases again: `Request.redirect` has said from where. */
export const AGAIN = -4;

/** A handler of a phase. */
export type Handler = (request: Request) => Verdict;
/** Looks at the head of an answer, and may change it. */
export type HeaderFilter = (request: Request) => void;
/** Runs once, at the end of a request. */
export type Logger = (request: Request) => void;
