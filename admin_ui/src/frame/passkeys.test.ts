import { expect, test } from 'vitest'
import { bytesOf, textOf } from './passkeys'

test('bytes come back as they went', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  expect(bytesOf(textOf(bytes.buffer))).toEqual(bytes)
})

test('texts are fit for addresses', () => {
  expect(textOf(Uint8Array.from([255, 254, 253, 252]).buffer)).toBe('__79_A')
})
