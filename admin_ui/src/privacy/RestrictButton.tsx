// Begins a record by which a person's processing is restricted, where a consent model says how, for who may make one.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { consentModels } from '../api/privacy'
import { useDescribe } from '../api/queries'
import { CONSENTS } from './keys'

export function RestrictButton({ person, name }: { person: string; name: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const models = useQuery({ queryKey: CONSENTS, queryFn: consentModels })
  const restriction = models.data?.models.find((each) => each.restriction !== null)?.restriction
  const describe = useDescribe(restriction?.object)
  if (!restriction || !describe.data?.permissions.create) return null
  const values = { ...restriction.values, [restriction.person]: person }
  const address = `/o/${restriction.object}/new?values=${encodeURIComponent(JSON.stringify(values))}`
  return (
    <Button size="small" aria-label={t('privacy.restrictOf', { name })} onClick={() => void navigate(address)}>
      {t('privacy.restrict')}
    </Button>
  )
}
