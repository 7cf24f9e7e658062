// Whether passwords still open the door, and for whom they do in any case.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { setSsoPolicy, ssoPolicy, type SsoPolicy } from '../../api/federation'
import { users } from '../../api/setup'
import { ErrorState, Lines } from '../../frame/states'
import { useReady } from '../../frame/useReady'
import { FieldRow } from '../../records/fields/FieldRow'
import { tidyName } from '../../records/names'
import { useDraft } from '../useDraft'

const POLICY = ['setup', 'sso-policy']

export function SsoPolicyCard() {
  const found = useQuery({ queryKey: POLICY, queryFn: ssoPolicy })
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (found.data === undefined) return <Lines />
  return <PolicyForm key={JSON.stringify(found.data)} policy={found.data} />
}

function PolicyForm({ policy }: { policy: SsoPolicy }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const draft = useDraft<SsoPolicy>(policy)
  const { values, set, errorsOf } = draft
  const people = useQuery({ queryKey: ['setup', 'users', '', 'picker'], queryFn: () => users('', null) })

  async function save() {
    await setSsoPolicy(values)
    ready(t('form.saved'))
    await client.invalidateQueries({ queryKey: POLICY })
  }

  return (
    <section className="card sso-policy" aria-labelledby="sso-policy-title">
      <header>
        <h2 id="sso-policy-title">{t('federation.policy')}</h2>
      </header>
      <div className="sso-policy-body">
        <p className="muted">{t('federation.policyLead')}</p>
        {draft.general.length > 0 && <Alert type="error" showIcon role="alert" title={draft.general.join(' ')} />}
        <Checkbox checked={values.only_sso} onChange={(event) => set('only_sso', event.target.checked)}>
          {t('federation.onlySso')}
        </Checkbox>
        {errorsOf('only_sso') !== undefined && <Alert type="error" showIcon title={errorsOf('only_sso')?.join(' ')} />}
        <FieldRow
          id="sso-exempt"
          label={t('federation.exempt')}
          help={t('federation.exemptHelp')}
          errors={errorsOf('exempt_user_ids')}
        >
          <Select
            id="sso-exempt"
            mode="multiple"
            virtual={false}
            optionFilterProp="label"
            value={values.exempt_user_ids}
            options={(people.data?.users ?? []).map((each) => ({
              value: each.id,
              label: `${tidyName(each.name)} · ${each.username}`,
            }))}
            onChange={(ids: string[]) => set('exempt_user_ids', ids)}
          />
        </FieldRow>
        <Button type="primary" loading={draft.isBusy} onClick={() => void draft.submit([], save)}>
          {t('action.save')}
        </Button>
      </div>
    </section>
  )
}
