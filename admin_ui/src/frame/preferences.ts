// What somebody has chosen on this machine: theme, density, the rail, the app they work in. Nothing of it is data.
import { useSyncExternalStore } from 'react'
import type { Language } from '../api/types'

export interface Preferences {
  theme: 'system' | 'light' | 'dark'
  density: 'compact' | 'comfortable'
  railCollapsed: boolean
  app: string | null
  /** Before sign-in; afterwards the user's own language holds. */
  language: Language
}

const KEY = 'chassis.preferences'

const defaults: Preferences = {
  theme: 'system',
  density: 'compact',
  railCollapsed: false,
  app: null,
  language: typeof navigator !== 'undefined' && navigator.language.startsWith('zh') ? 'zh_CN' : 'en_US',
}

function load(): Preferences {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) }
  } catch {
    return defaults
  }
}

let preferences = load()
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function currentPreferences(): Preferences {
  return preferences
}

export function setPreferences(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change }
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // A browser that stores nothing still works, for this visit.
  }
  for (const listener of listeners) listener()
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, currentPreferences)
}
