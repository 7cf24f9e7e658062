// Stores the user's language and reads everything again: labels come from the server.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import { setLanguage } from '../api/endpoints'
import type { Language } from '../api/types'
import { useErrorText } from './useErrorText'

export function useSwitchLanguage(): (language: Language) => Promise<void> {
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  return async (language) => {
    try {
      await setLanguage(language)
      await client.refetchQueries({ queryKey: ['bootstrap'] })
      await client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'bootstrap' })
    } catch (error) {
      message.error(errorText(error))
    }
  }
}
