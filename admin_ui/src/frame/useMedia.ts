// Whether a media query holds now.
import { useSyncExternalStore } from 'react'

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => window.matchMedia(query).matches,
  )
}

export const useIsPhone = () => useMedia('(max-width: 767px)')

/** Whether somebody asked for no motion. */
export const useIsStill = () => useMedia('(prefers-reduced-motion: reduce)')

export const useIsDark = (theme: 'system' | 'light' | 'dark') => {
  const systemIsDark = useMedia('(prefers-color-scheme: dark)')
  return theme === 'dark' || (theme === 'system' && systemIsDark)
}
