// What every control of a field gets, whatever the type: its id, its name, and whether something is wrong with it.
import type { FieldInputProps } from './FieldInput'

export function controlProps({ field, id, autoFocus, isInvalid, ariaLabel, describedBy }: FieldInputProps) {
  return {
    id,
    autoFocus,
    status: isInvalid ? ('error' as const) : undefined,
    'aria-label': ariaLabel,
    'aria-invalid': isInvalid,
    'aria-describedby': describedBy,
    'aria-required': field.required,
  }
}
