import { describe, expect, it } from 'vitest'
import { newProvider, splitCertificates } from './providers'

const ONE = '-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----'
const TWO = '-----BEGIN CERTIFICATE-----\nBBB\n-----END CERTIFICATE-----'

describe('certificates', () => {
  it('are told apart wherever they stand', () => {
    expect(splitCertificates(`subject=x\n${ONE}\n\n${TWO}\n`)).toEqual([ONE, TWO])
  })
  it('are kept as typed where they are none, so that the server says what is wrong', () => {
    expect(splitCertificates(' nonsense ')).toEqual(['nonsense'])
    expect(splitCertificates('  ')).toEqual([])
  })
})

describe('a new provider', () => {
  it('has a name to type and the usual claims', () => {
    const fresh = newProvider('oidc', null)
    expect(fresh.name).toBe('')
    expect(fresh.attributes['username']).toBe('preferred_username')
    expect(newProvider('saml', null).certificates).toEqual([])
  })
})
