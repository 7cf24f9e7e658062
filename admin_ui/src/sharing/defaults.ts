// Org-wide defaults: their order of width, and what a change of one means.
import type { DefaultAccess, DefaultDraft, SharingDefault } from '../api/sharing'

export const DEFAULTS = ['setup', 'sharing-defaults']
export const SIDES = ['internal', 'external'] as const
export type Side = (typeof SIDES)[number]

/** From the narrowest to the widest. */
export const WIDTHS: DefaultAccess[] = ['private', 'public_read', 'public_read_write']

const width = (access: DefaultAccess) => WIDTHS.indexOf(access)

/** Both sides after one is chosen: partners never see more than the tenant's own people. */
export function withSide(object: SharingDefault, side: Side, access: DefaultAccess): DefaultDraft {
  const draft = { internal: object.internal, external: object.external, [side]: access }
  if (width(draft.external) <= width(draft.internal)) return draft
  return side === 'internal' ? { ...draft, external: access } : { ...draft, internal: access }
}

/** What the change brings those of one side. */
export function effectOf(before: DefaultAccess, after: DefaultAccess): 'wider' | 'narrower' | 'same' {
  if (width(after) === width(before)) return 'same'
  return width(after) > width(before) ? 'wider' : 'narrower'
}
