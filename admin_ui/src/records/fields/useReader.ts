// How the signed-in user reads values: language, time zone, the tenant's currency.
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Language } from '../../api/types'
import { useSession } from '../../frame/session'
import type { Reader } from '../format'

export function useReader(): Reader {
  const { t, i18n } = useTranslation()
  const { user, tenant } = useSession()
  return useMemo(
    () => ({
      language: i18n.language as Language,
      timeZone: user.time_zone,
      currency: tenant.currency,
      yes: t('value.yes'),
      no: t('value.no'),
    }),
    [t, i18n.language, user.time_zone, tenant.currency],
  )
}
