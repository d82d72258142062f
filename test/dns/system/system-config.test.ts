import test from 'ava';
import {
  type FileStamp,
  LOCAL_SERVERS,
  RECHECK_MS,
  SystemConfig,
  type SystemConfigOptions,
  type SystemFiles,
} from '../../../src/dns/system/system-config.ts';

/** A file system of two files, and a clock. */
class FakeFiles implements SystemFiles {
  nowMs = 0;
  looks = 0;
  reads = 0;
  unreadable = false;
  readonly #files = new Map<string, { stamp: FileStamp; text: string }>();
  #inode = 0;

  stat(path: string): FileStamp | undefined {
    this.looks += 1;
    return this.#files.get(path)?.stamp;
  }

  read(path: string): string | undefined {
    this.reads += 1;
    return this.unreadable ? undefined : this.#files.get(path)?.text;
  }

  /** In place: the inode stays. */
  write(path: string, text: string, size = text.length): void {
    const inode = this.#files.get(path)?.stamp.inode ?? this.#nextInode();
    this.#files.set(path, { stamp: { mtimeMs: this.nowMs, size, inode }, text });
  }

  /** By rename, with a time and a size of its own. */
  replace(path: string, text: string, mtimeMs: number): void {
    const stamp = { mtimeMs, size: text.length, inode: this.#nextInode() };
    this.#files.set(path, { stamp, text });
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  #nextInode(): number {
    this.#inode += 1;
    return this.#inode;
  }
}

const RESOLV = '/etc/resolv.conf';
const HOSTS = '/etc/hosts';

function made(options: SystemConfigOptions = {}): { files: FakeFiles; config: SystemConfig } {
  const files = new FakeFiles();
  files.write(RESOLV, 'nameserver 192.0.2.1\n');
  files.write(HOSTS, '192.0.2.7 a\n');
  return { files, config: new SystemConfig(files, { nowMs: () => files.nowMs }, options) };
}

const asked = (config: SystemConfig) => config.resolvConf().servers.map(({ address }) => address);

test('case 48: a file that is replaced by rename is read anew, even of the same time and size', (t) => {
  const { files, config } = made();
  t.deepEqual(asked(config), ['192.0.2.1']);
  files.replace(RESOLV, 'nameserver 192.0.2.2\n', 0);
  files.nowMs = RECHECK_MS;
  t.deepEqual(asked(config), ['192.0.2.2']);
});

test('case 48: a file that is written in place is read anew', (t) => {
  const { files, config } = made();
  asked(config);
  files.nowMs = RECHECK_MS;
  files.write(RESOLV, 'nameserver 192.0.2.2\n');
  t.deepEqual(asked(config), ['192.0.2.2']);
});

test('a file is looked at every 5 s at most, and only when somebody asks', (t) => {
  const { files, config } = made();
  t.is(files.looks, 0);
  asked(config);
  t.is(files.looks, 1);
  files.nowMs = RECHECK_MS - 1;
  asked(config);
  t.is(files.looks, 1);
  files.nowMs = RECHECK_MS;
  asked(config);
  t.is(files.looks, 2);
  files.nowMs = 10 * RECHECK_MS;
  t.is(files.looks, 2);
});

test('an unchanged file is not read again, and gives the same object', (t) => {
  const { files, config } = made();
  const [conf, hosts] = [config.resolvConf(), config.hosts()];
  files.nowMs = RECHECK_MS;
  t.is(config.resolvConf(), conf);
  t.is(config.hosts(), hosts);
  t.is(files.reads, 2);
});

for (const [how, empty] of [
  ['emptied', (files: FakeFiles) => files.write(RESOLV, '')],
  ['missing', (files: FakeFiles) => files.remove(RESOLV)],
] as const) {
  test(`case 48: a file that is ${how} is believed at the second look`, (t) => {
    const { files, config } = made();
    asked(config);
    files.nowMs = RECHECK_MS;
    empty(files);
    t.deepEqual(asked(config), ['192.0.2.1']);
    files.nowMs = 2 * RECHECK_MS;
    t.deepEqual(config.resolvConf().servers, LOCAL_SERVERS);
    files.nowMs = 3 * RECHECK_MS;
    files.write(RESOLV, 'nameserver 192.0.2.3\n');
    t.deepEqual(asked(config), ['192.0.2.3'], 'and is used again when it has something to say');
  });

  test(`case 48: a file that is ${how} and written soon after loses nothing`, (t) => {
    const { files, config } = made();
    asked(config);
    files.nowMs = RECHECK_MS;
    empty(files);
    t.deepEqual(asked(config), ['192.0.2.1']);
    files.write(RESOLV, 'nameserver 192.0.2.2\n');
    files.nowMs = 2 * RECHECK_MS;
    t.deepEqual(asked(config), ['192.0.2.2']);
    files.nowMs = 3 * RECHECK_MS;
    empty(files);
    t.deepEqual(asked(config), ['192.0.2.2'], 'and doubt begins anew');
  });
}

test('where there was never a file, this machine is asked', (t) => {
  const { files, config } = made();
  files.remove(RESOLV);
  t.deepEqual(config.resolvConf().servers, LOCAL_SERVERS);
});

test('a file that cannot be read is tried again', (t) => {
  const { files, config } = made();
  files.unreadable = true;
  t.deepEqual(config.resolvConf().servers, LOCAL_SERVERS);
  files.unreadable = false;
  files.nowMs = RECHECK_MS;
  t.deepEqual(asked(config), ['192.0.2.1']);
});

test('a file over its bound is not read', (t) => {
  const { files, config } = made();
  files.write(HOSTS, '192.0.2.7 a\n', 32 * 1024 * 1024);
  t.is(config.hosts().names, 1);
  const { files: others, config: other } = made();
  others.write(HOSTS, '192.0.2.7 a\n', 32 * 1024 * 1024 + 1);
  t.is(other.hosts().names, 0);
  t.is(others.reads, 0);
});

test('a hosts file is followed like a resolv.conf', (t) => {
  const { files, config } = made();
  t.deepEqual(config.hosts().find('a')?.ipv4, ['192.0.2.7']);
  files.nowMs = RECHECK_MS;
  files.write(HOSTS, '192.0.2.8 a\n');
  t.deepEqual(config.hosts().find('a')?.ipv4, ['192.0.2.8']);
});

test('files may be elsewhere, or left out', (t) => {
  const { files, config } = made({ resolvConf: '/run/resolv.conf', hosts: false });
  files.write('/run/resolv.conf', 'nameserver 192.0.2.9\n');
  t.deepEqual(asked(config), ['192.0.2.9']);
  t.is(config.hosts().names, 0);
  t.is(files.reads, 1);
});

test('files that are not watched are read once', (t) => {
  const { files, config } = made({ watch: false });
  t.deepEqual(asked(config), ['192.0.2.1']);
  files.nowMs = RECHECK_MS;
  files.write(RESOLV, 'nameserver 192.0.2.2\n');
  t.deepEqual(asked(config), ['192.0.2.1']);
});
