// A webhook to make or to change: where to, of which changes, as whom.
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import InputNumber from 'antd/es/input-number'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import {
  createWebhook,
  updateWebhook,
  type DeclaredWebhook,
  type Watched,
  type Webhook,
  type WebhookDraft,
} from '../../api/webhooks'
import { useReady } from '../../frame/useReady'
import { blankField } from '../../records/fields/blankField'
import { FieldRow } from '../../records/fields/FieldRow'
import { LookupInput } from '../../records/fields/LookupInput'
import { DraftDrawer } from '../DraftDrawer'
import { useDraft } from '../useDraft'
import { NOTHING_WATCHED } from './state'
import { WatchedForm } from './WatchedForm'

const USUAL_BATCH = 50
const LARGEST_BATCH = 200

interface WebhookFormProps {
  webhook: Webhook | null
  /** What a new one may send because a package says so. */
  declared: DeclaredWebhook[]
  onClose: () => void
  /** With the secret of a new one, which is shown once. */
  onSaved: (made: { label: string; secret: string } | null) => void
}

export function WebhookForm({ webhook, declared, onClose, onSaved }: WebhookFormProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const draft = useDraft<WebhookDraft>({
    label: webhook?.label ?? '',
    url: webhook?.url ?? '',
    objects: webhook?.objects ?? [NOTHING_WATCHED],
    declared: webhook?.declared ?? null,
    run_as_user_id: webhook?.run_as?.id ?? null,
    batch_size: webhook?.batch_size ?? USUAL_BATCH,
    is_active: webhook?.is_active ?? true,
  })
  const { values, set, errorsOf } = draft

  async function save() {
    if (webhook === null) return onSaved({ label: values.label, secret: (await createWebhook(values)).secret })
    await updateWebhook(webhook.id, values)
    ready(t('form.saved'))
    onSaved(null)
  }
  const user = { ...blankField('run_as_user_id', t('webhook.runAs'), 'lookup'), required: true, references: ['User'] }
  const own = webhook?.declared ? [{ name: webhook.declared, label: webhook.declared }] : []
  const offered = [...own, ...declared].map((each) => ({ value: each.name, label: each.label }))
  const watch = (place: number, value: Watched) => set('objects', values.objects.with(place, value))

  return (
    <DraftDrawer
      title={webhook ? t('webhook.edit', { name: webhook.label }) : t('webhook.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(['label', 'url', 'run_as_user_id'], save)}
    >
      <FieldRow id="webhook-label" label={t('webhook.label')} required errors={errorsOf('label')}>
        <Input
          id="webhook-label"
          autoFocus
          maxLength={80}
          value={values.label}
          onChange={(event) => set('label', event.target.value)}
        />
      </FieldRow>
      <FieldRow id="webhook-url" label={t('webhook.url')} required help={t('webhook.urlHelp')} errors={errorsOf('url')}>
        <Input
          id="webhook-url"
          className="mono"
          inputMode="url"
          value={values.url}
          onChange={(event) => set('url', event.target.value)}
        />
      </FieldRow>
      <FieldRow
        id="webhook-user"
        label={t('webhook.runAs')}
        required
        help={t('webhook.runAsHelp')}
        errors={errorsOf('run_as_user_id')}
      >
        <LookupInput
          field={user}
          id="webhook-user"
          value={values.run_as_user_id}
          values={{}}
          recordType={null}
          onChange={(id) => set('run_as_user_id', id === null ? null : String(id))}
        />
      </FieldRow>
      {(declared.length > 0 || values.declared !== null) && (
        <FieldRow id="webhook-declared" label={t('webhook.declared')} errors={errorsOf('declared')}>
          <Select
            id="webhook-declared"
            allowClear
            value={values.declared ?? undefined}
            placeholder={t('webhook.declaredHere')}
            options={offered}
            onChange={(name: string | undefined) => set('declared', name ?? null)}
          />
        </FieldRow>
      )}
      {values.declared === null && (
        <>
          {values.objects.map((each, place) => (
            <WatchedForm
              key={place}
              place={place}
              value={each}
              onChange={(value) => watch(place, value)}
              onRemove={values.objects.length > 1 ? () => set('objects', values.objects.toSpliced(place, 1)) : null}
            />
          ))}
          <div>
            <Button onClick={() => set('objects', [...values.objects, NOTHING_WATCHED])}>{t('webhook.addObject')}</Button>
          </div>
        </>
      )}
      <FieldRow
        id="webhook-batch"
        label={t('webhook.batchSize')}
        help={t('webhook.batchSizeHelp')}
        errors={errorsOf('batch_size')}
      >
        <InputNumber
          id="webhook-batch"
          min={1}
          max={LARGEST_BATCH}
          value={values.batch_size}
          onChange={(size) => set('batch_size', size ?? USUAL_BATCH)}
        />
      </FieldRow>
      <Checkbox checked={values.is_active} onChange={(event) => set('is_active', event.target.checked)}>
        {t('webhook.isActive')}
      </Checkbox>
    </DraftDrawer>
  )
}
