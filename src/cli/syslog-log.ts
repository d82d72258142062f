import { createSocket, type Socket } from 'node:dgram';
import type { SyslogConf } from '../config/index.ts';
import type { LogFile, LogLevel } from '../server/index.ts';
import { LEVELS } from './error-log.ts';

/** Bytes of one message; what is longer is cut. */
const MESSAGE_BYTES_MAX = 2400;
/** Messages that wait for the kernel; more than these are lost. */
const WAITING_MAX = 1024;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A log that is sent to a syslog server, a datagram for each line (RFC 3164). */
export class SyslogLog implements LogFile {
  readonly #conf: SyslogConf;
  readonly #hostname: string;
  #socket: Socket | undefined;
  #waiting = 0;

  constructor(conf: SyslogConf, hostname: string) {
    this.#conf = conf;
    this.#hostname = hostname.toLowerCase();
  }

  write(lines: string, level?: LogLevel): void {
    const { facility, severity, tag, hostname } = this.#conf;
    const urgency = level === undefined ? severity : LEVELS.indexOf(level);
    const host = hostname ? `${this.#hostname} ` : '';
    const head = `<${facility * 8 + urgency}>${timeOf(new Date())} ${host}${tag}: `;
    for (const line of lines.split('\n')) if (line !== '') this.#send(head + line);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #send(message: string): void {
    if (this.#waiting === WAITING_MAX) return;
    const { family, address, port } = this.#conf.server;
    this.#socket ??= open(family === 'ipv6' ? 'udp6' : 'udp4');
    this.#waiting += 1;
    const bytes = Buffer.from(message.slice(0, MESSAGE_BYTES_MAX), 'latin1');
    // Nobody may be listening, which is nobody's fault: the next one is sent all the same.
    this.#socket.send(bytes, port, address, () => {
      this.#waiting -= 1;
    });
  }
}

function open(type: 'udp4' | 'udp6'): Socket {
  const socket = createSocket(type);
  socket.unref();
  socket.on('error', () => {});
  return socket;
}

/** `Nov 20 09:00:00`, local time. */
function timeOf(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = String(date.getDate()).padStart(2, ' ');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${MONTHS[date.getMonth()]} ${day} ${clock}`;
}
