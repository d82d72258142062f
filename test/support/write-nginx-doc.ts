import { writeFileSync } from 'node:fs';
import { nginxDoc } from '../../src/config/nginx-doc.ts';
import { DIRECTIVES } from '../../src/config/registry.ts';

writeFileSync('docs/nginx.md', nginxDoc(DIRECTIVES));
