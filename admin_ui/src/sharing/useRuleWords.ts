// Audiences and conditions of rules, in words.
import { useTranslation } from 'react-i18next'
import type { Audience, RecordCondition } from '../api/sharing'

const LISTS = ['permissions', 'permission_sets', 'roles', 'roles_and_below', 'groups', 'user_types'] as const

export function useRuleWords() {
  const { t } = useTranslation()

  function audience(who: Audience): string {
    if (who.everyone) return t('sharing.everyone')
    return LISTS.flatMap((key) => {
      const names = who[key]?.join(', ')
      return names ? [t(`sharing.audience.${key}`, { names })] : []
    }).join('; ')
  }

  function records(which: RecordCondition): string {
    const parts = [
      which.owner && t('sharing.condition.owner'),
      which.owned_by && t('sharing.condition.ownedBy', { who: audience(which.owned_by) }),
      which.user_field && t('sharing.condition.userField', { field: which.user_field }),
      which.field && t('sharing.condition.inSet', { field: which.field, set: which.in }),
      which.criteria,
    ].filter(Boolean)
    return parts.length === 0 ? t('sharing.condition.all') : parts.join('; ')
  }

  return { audience, records }
}
