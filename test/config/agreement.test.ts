import test from 'ava';
import { SNIPPETS, type Snippet } from './agreement-cases.ts';
import { HAS_NGINX, nginxVerdict, ourVerdict, type Verdict } from './verdicts.ts';

const agreement = HAS_NGINX ? test : test.skip;
const why = HAS_NGINX ? '' : ' (skipped: there is no nginx)';

agreement(`nginx -t takes and refuses what we do, at the same line${why}`, async (t) => {
  t.timeout(120_000);
  t.true(SNIPPETS.length >= 100);
  for (const snippet of SNIPPETS) {
    if (snippet.differs !== undefined) continue;
    const theirs = nginxVerdict(snippet);
    const ours = await ourVerdict(snippet);
    t.deepEqual(lineOf(ours), lineOf(theirs), differenceText(snippet, ours, theirs));
  }
});

agreement(`what is refused is refused in nginx's words${why}`, async (t) => {
  t.timeout(120_000);
  for (const snippet of SNIPPETS) {
    if (snippet.differs !== undefined || snippet.words !== undefined) continue;
    const theirs = nginxVerdict(snippet);
    const ours = await ourVerdict(snippet);
    t.deepEqual(ours, theirs, differenceText(snippet, ours, theirs));
  }
});

function lineOf(verdict: Verdict): Verdict | number {
  return verdict === 'ok' ? verdict : verdict.line;
}

function differenceText({ level, text }: Snippet, ours: Verdict, theirs: Verdict): string {
  return `in ${level}: ${text}\nours: ${JSON.stringify(ours)}\ntheirs: ${JSON.stringify(theirs)}`;
}
