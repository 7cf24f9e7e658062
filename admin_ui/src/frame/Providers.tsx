// Theme, language and server state around the whole application.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import App from 'antd/es/app'
import ConfigProvider from 'antd/es/config-provider'
import type { Locale } from 'antd/es/locale'
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { ApiError } from '../api/client'
import type { Language } from '../api/types'
import { currentPreferences, setPreferences, usePreferences } from './preferences'
import { switchLanguage } from './i18n'
import { makeTheme } from './theme'
import { useIsDark, useIsStill } from './useMedia'

const MINUTE = 60_000

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * MINUTE,
      refetchOnWindowFocus: false,
      // What the server has refused it will refuse again; a lost connection or a server that starts is worth a second try.
      retry: (failures, error) => failures < 1 && error instanceof ApiError && (error.isOffline || error.status >= 500),
    },
  },
})

const LanguageContext = createContext<(language: Language) => Promise<void>>(async () => {})

/** Changes the language of this page; whose profile it is kept in is the caller's business. */
export const useChangeLanguage = () => useContext(LanguageContext)

export function Providers({ children }: { children: ReactNode }) {
  const preferences = usePreferences()
  const isDark = useIsDark(preferences.theme)
  const isStill = useIsStill()
  const [locale, setLocale] = useState<Locale | null>(null)

  const changeLanguage = useMemo(
    () => async (language: Language) => {
      setLocale(await switchLanguage(language))
      setPreferences({ language })
    },
    [],
  )

  useEffect(() => {
    void changeLanguage(currentPreferences().language)
  }, [changeLanguage])

  useEffect(() => {
    const root = document.documentElement
    root.dataset.theme = isDark ? 'dark' : 'light'
    root.dataset.density = preferences.density
    root.style.colorScheme = isDark ? 'dark' : 'light'
  }, [isDark, preferences.density])

  const theme = useMemo(
    () => makeTheme(isDark, preferences.density, preferences.language, isStill),
    [isDark, preferences.density, preferences.language, isStill],
  )
  if (locale === null) return null
  return (
    <QueryClientProvider client={queryClient}>
      <ConfigProvider theme={theme} locale={locale} button={{ autoInsertSpace: false }} wave={{ disabled: true }}>
        <App className="app" notification={{ placement: 'bottomRight' }}>
          <LanguageContext value={changeLanguage}>{children}</LanguageContext>
        </App>
      </ConfigProvider>
    </QueryClientProvider>
  )
}
