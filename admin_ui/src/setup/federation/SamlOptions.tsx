// What a SAML provider may do beyond signing people in: sign them out, encrypt for us, ask for signed requests.
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import { useTranslation } from 'react-i18next'
import { renewProviderKey, type IdentityProvider, type ProviderDraft } from '../../api/federation'
import { useReady } from '../../frame/useReady'
import { FieldRow } from '../../records/fields/FieldRow'
import type { Draft } from '../useDraft'

interface SamlOptionsProps {
  provider: IdentityProvider | null
  draft: Draft<ProviderDraft>
}

export function SamlOptions({ provider, draft }: SamlOptionsProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const { values, set, errorsOf } = draft

  async function renew(id: string) {
    await renewProviderKey(id)
    ready(t('federation.keyRenewed'))
  }

  const address = (name: 'sign_out_url' | 'sign_out_answer_url', label: string, help: string) => (
    <FieldRow id={`provider-${name}`} label={label} help={help} errors={errorsOf(name)}>
      <Input
        id={`provider-${name}`}
        value={values[name] ?? ''}
        onChange={(event) => set(name, event.target.value.trim() || null)}
      />
    </FieldRow>
  )
  return (
    <>
      {address('sign_out_url', t('federation.signOutUrl'), t('federation.signOutUrlHelp'))}
      {address('sign_out_answer_url', t('federation.signOutAnswerUrl'), t('federation.signOutAnswerUrlHelp'))}
      <Checkbox checked={values.sign_requests} onChange={(event) => set('sign_requests', event.target.checked)}>
        {t('federation.signRequests')}
      </Checkbox>
      <Checkbox checked={values.older_encryption} onChange={(event) => set('older_encryption', event.target.checked)}>
        {t('federation.olderEncryption')}
      </Checkbox>
      {provider !== null && (
        <FieldRow id="provider-key" label={t('federation.ourKey')} help={t('federation.ourKeyHelp')}>
          <Button id="provider-key" loading={draft.isBusy} onClick={() => void draft.submit([], () => renew(provider.id))}>
            {t('federation.renewKey')}
          </Button>
        </FieldRow>
      )}
    </>
  )
}
