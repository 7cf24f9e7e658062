// Whether a field may point at users, so that "me" is a possible value.
import type { FieldDescribe } from '../api/types'

export const USER_OBJECT = 'User'

export function isUserReference(field: FieldDescribe): boolean {
  return field.references.includes(USER_OBJECT)
}
