export * from '../server/index.ts';
export { type ServeOptions, type Serving, serve } from './serve.ts';
