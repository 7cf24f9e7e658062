// What went wrong, in a sentence that a person can act on.
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'

export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation()
  return (error) => {
    if (!(error instanceof ApiError)) return error instanceof Error ? error.message : t('state.error')
    if (error.isOffline) return t('state.offline')
    if (error.status === 429) return t('state.tooMany')
    if (error.status >= 500) return t('state.serverError')
    return error.message || t('state.error')
  }
}
