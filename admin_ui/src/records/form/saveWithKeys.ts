// Ctrl+Enter and Ctrl+S save, wherever in the form one is; Enter alone, as when a date is confirmed, must not.
import type { KeyboardEvent } from 'react'

export function saveWithKeys(save: () => void) {
  return (event: KeyboardEvent) => {
    const isCommand = event.ctrlKey || event.metaKey
    if (isCommand && (event.key === 'Enter' || event.key === 's')) {
      event.preventDefault()
      save()
    } else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      event.preventDefault()
    }
  }
}
