import { closeSync, ftruncateSync } from 'node:fs';
import { type Koffi, loadKoffi } from './koffi.ts';

const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Memory of several processes, until `unmap`: touching it later ends the process. */
export type MappedMemory = { readonly buffer: ArrayBuffer; unmap(): void };

/**
 * Makes memory that processes can share, of zeros (memfd_create(2)): it lasts for as long as anybody
 * has its descriptor or has it mapped. `name` is for /proc alone. Throws where there is none.
 */
export function makeSharedMemory(name: string, bytes: number): number {
  const koffi = loadKoffi('epoll');
  const create = koffi.load(null).func('int memfd_create(const char *, uint32_t)');
  const descriptor = create(name, MFD_CLOEXEC);
  if (descriptor < 0) throw failed('memfd_create', koffi);
  try {
    ftruncateSync(descriptor, bytes);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return descriptor;
}

/** The memory of a descriptor, which stays the caller's. Throws where it cannot be mapped. */
export function mapSharedMemory(descriptor: number, bytes: number): MappedMemory {
  const koffi = loadKoffi('epoll');
  const library = koffi.load(null);
  const mmap = library.func('void *mmap(uint64_t, size_t, int, int, int, long)');
  const munmap = library.func('int munmap(void *, size_t)');
  const pointer: unknown = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, 0);
  if (pointer === null || koffi.address(pointer) === MAP_FAILED) throw failed('mmap', koffi);
  return { buffer: koffi.view(pointer, bytes), unmap: () => munmap(pointer, bytes) };
}

function failed(call: string, koffi: Koffi): Error {
  return new Error(`${call}() failed (${koffi.errno()})`);
}
