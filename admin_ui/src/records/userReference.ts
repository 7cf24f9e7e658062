// Whether a field points at users: its id begins as the ids of users do, so "me" is a possible value.
import type { FieldDescribe } from '../api/types'

export const USER_OBJECT = 'User'

export function isUserReference(field: FieldDescribe): boolean {
  return field.references.length === 1 && field.references[0] === USER_OBJECT
}
