import { datagramRules } from '../linux/datagram-rules.ts';
import { uringRule } from './uring-rule.ts';

for (const [title, rule] of Object.entries(datagramRules)) uringRule(title, rule);
