import { datagramRules } from '../linux/datagram-rules.ts';
import { epollRule } from './epoll-rule.ts';

for (const [title, rule] of Object.entries(datagramRules)) epollRule(title, rule);
