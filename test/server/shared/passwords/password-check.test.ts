import test from 'ava';
import {
  PASSWORD_BYTES_MAX,
  PasswordCheck,
  UnknownHash,
} from '../../../../src/server/shared/passwords/password-check.ts';
import { SHA_ROUNDS_MAX } from '../../../../src/server/shared/passwords/sha-crypt.ts';

const LONG = 'Hello world! a long one with more than 64 bytes of text to be hashed, and so on';

/** Of crypt(3) of glibc, and of `openssl passwd -apr1`. */
const HASHES: readonly (readonly [string, string])[] = [
  ['', 'abmF1QH4PEr.E'],
  ['password', 'abJnggxhB/yWI'],
  [LONG, 'zXnHhHJPt6n8s'],
  ['', '$1$salt$UsdFqFVB.FsuinRDK5eE..'],
  ['password', '$1$salt$qJH7.N4xYta3aEG/dfqo/0'],
  [LONG, '$1$salt$j90bvNc81x3dCLyZ7qtk3.'],
  ['password', '$apr1$abcdefgh$FBwExRW4dCc8aL.OvjpIE1'],
  ['Hello world! a long', '$apr1$abcdefgh$5s4od.SAlxSQBlDqCur0S0'],
  ['password', '$5$saltstring$OH4IDuTlsuTYPdED1gsuiRMyTAwNlRWyA6Xr3I4/dQ5'],
  [LONG, '$5$rounds=1400$anotherlongsalts$wq97483D3nglb7KQWwb6Dl2kyvo03txxu0V/KnDulnA'],
  [
    'password',
    '$6$saltstring$adDbXsJjcDlq2662QPgd.tkSOVmnG9Tt3oXl4HR60SusC3AGjirnDenVZp3DGwLwqy6iYKCzannhaX9DR72nN1',
  ],
  [
    '',
    '$6$rounds=10000$saltstringsaltst$xuc/3ZHb0zTCjdaS/H9sWqIHQqdGImHveIs4HIMg.5dfNJpOYBI200IN9l6olHiR8.YI/P/Xe1hnfHOMI36.m0',
  ],
  ['password', '{PLAIN}password'],
  ['password', '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='],
  ['password', '{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhRzYWx0'],
];

function judge(password: string, hash: string): boolean {
  const check = new PasswordCheck(password, hash);
  for (;;) {
    const isRight = check.run(1000);
    if (isRight !== undefined) return isRight;
  }
}

for (const [password, hash] of HASHES) {
  test(`a password fits its hash, and another one does not: ${hash.slice(0, 16)}…, ${password.length} bytes`, (t) => {
    t.true(judge(password, hash));
    t.false(judge(`x${password}`, hash));
  });
}

test('an expensive hash takes several runs', (t) => {
  const check = new PasswordCheck('password', HASHES[8]?.[1] as string);
  const results = Array.from({ length: 5 }, () => check.run(1000));
  t.deepEqual(results, [undefined, undefined, undefined, undefined, true]);
});

test('kinds that are not known are refused, bcrypt by its name', (t) => {
  t.throws(() => new PasswordCheck('a', '$2y$05$abcdefghijklmnopqrstuv'), {
    instanceOf: UnknownHash,
    message: /bcrypt/,
  });
  for (const hash of ['$y$j9T$abc', '', '!', '*x']) {
    t.throws(() => new PasswordCheck('a', hash), { instanceOf: UnknownHash }, hash);
  }
});

test('rounds are bounded', (t) => {
  t.notThrows(() => new PasswordCheck('a', `$5$rounds=${SHA_ROUNDS_MAX}$salt$x`));
  t.throws(() => new PasswordCheck('a', `$5$rounds=${SHA_ROUNDS_MAX + 1}$salt$x`), {
    instanceOf: UnknownHash,
  });
});

test('passwords are bounded where their length costs time', (t) => {
  const hash = '$apr1$abcdefgh$FBwExRW4dCc8aL.OvjpIE1';
  t.is(new PasswordCheck('x'.repeat(PASSWORD_BYTES_MAX + 1), hash).run(1), false);
  t.is(new PasswordCheck('x'.repeat(PASSWORD_BYTES_MAX), hash).run(1), false);
});
