// The names of sections that no layout has.
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { SectionTexts } from './formState'

export function useSectionTexts(): SectionTexts {
  const { t } = useTranslation()
  return useMemo(
    () => ({ details: t('form.details'), other: t('form.otherFields'), system: t('form.systemFields') }),
    [t],
  )
}
