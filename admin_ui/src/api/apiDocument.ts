// The OpenAPI document of what the user may do.
import { call } from './client'

export interface ApiDocument {
  security?: unknown
  [part: string]: unknown
}

interface DescribedObject {
  name: string
  label: string
}

const ROOT = '/services/data/v66.0'
export const API_DOCUMENT = `${ROOT}/openapi.json`

/** With the operations of these objects besides the general ones. */
export const apiDocument = (objects: string[]) =>
  call<ApiDocument>('GET', `${API_DOCUMENT}?objects=${encodeURIComponent(objects.join(','))}`)

export const describedObjects = async () =>
  (await call<{ sobjects: DescribedObject[] }>('GET', `${ROOT}/sobjects`)).sobjects
