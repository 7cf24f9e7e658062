// Between the server's JSON and what browsers know of passkeys: bytes travel as base64 for addresses.
import type { Asked, Shown } from '../api/security'

interface Descriptor {
  id: string
  type: 'public-key'
  transports?: AuthenticatorTransport[]
}

type CreationOptions = Omit<PublicKeyCredentialCreationOptions, 'challenge' | 'user' | 'excludeCredentials'> & {
  challenge: string
  user: Omit<PublicKeyCredentialUserEntity, 'id'> & { id: string }
  excludeCredentials?: Descriptor[]
}

type RequestOptions = Omit<PublicKeyCredentialRequestOptions, 'challenge' | 'allowCredentials'> & {
  challenge: string
  allowCredentials?: Descriptor[]
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (each) => each.charCodeAt(0))
}

export function textOf(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const ADDRESS = /^[\d.]+$|^\[/

/** Browsers offer passkeys on pages that came over TLS, and on this machine's own; for names, never for addresses. */
export const hasPasskeys = () =>
  window.isSecureContext && 'PublicKeyCredential' in window && !ADDRESS.test(window.location.hostname)

const described = (each: Descriptor) => ({ ...each, id: bytesOf(each.id) })

/** Makes a passkey. */
export async function makePasskey({ options, state }: Asked): Promise<Shown> {
  const { challenge, user, excludeCredentials, ...rest } = options as unknown as CreationOptions
  const made = (await navigator.credentials.create({
    publicKey: {
      ...rest,
      challenge: bytesOf(challenge),
      user: { ...user, id: bytesOf(user.id) },
      excludeCredentials: (excludeCredentials ?? []).map(described),
    },
  })) as PublicKeyCredential
  const response = made.response as AuthenticatorAttestationResponse
  return {
    state,
    credential: {
      ...named(made),
      response: {
        clientDataJSON: textOf(response.clientDataJSON),
        attestationObject: textOf(response.attestationObject),
        transports: response.getTransports(),
      },
    },
  }
}

/** Shows a passkey. */
export async function showPasskey({ options, state }: Asked): Promise<Shown> {
  const { challenge, allowCredentials, ...rest } = options as unknown as RequestOptions
  const shown = (await navigator.credentials.get({
    publicKey: {
      ...rest,
      challenge: bytesOf(challenge),
      allowCredentials: (allowCredentials ?? []).map(described),
    },
  })) as PublicKeyCredential
  const response = shown.response as AuthenticatorAssertionResponse
  return {
    state,
    credential: {
      ...named(shown),
      response: {
        clientDataJSON: textOf(response.clientDataJSON),
        authenticatorData: textOf(response.authenticatorData),
        signature: textOf(response.signature),
        userHandle: response.userHandle === null ? null : textOf(response.userHandle),
      },
    },
  }
}

function named(credential: PublicKeyCredential) {
  return { id: credential.id, rawId: textOf(credential.rawId), type: credential.type }
}

/** Whether a person has closed the browser's own question: nothing to complain of. */
export const isGivenUp = (error: unknown) =>
  error instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(error.name)
