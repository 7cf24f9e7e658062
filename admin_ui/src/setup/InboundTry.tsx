// Try a document: choose a mapping, paste or open a sample, see what records it would become. Nothing is kept.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inboundMappings, previewInbound, type Seen } from '../api/inboundPreview'
import { FileButton } from '../frame/FileButton'
import { useErrorText } from '../frame/useErrorText'
import { blankField } from '../records/fields/blankField'
import { FieldRow } from '../records/fields/FieldRow'
import { LookupInput } from '../records/fields/LookupInput'
import { InboundSeen } from './InboundSeen'

const TYPES: Record<string, string> = { json: 'application/json', csv: 'text/csv', fixed_width: 'text/plain' }

/** A file is sent as it is, whatever its encoding; what is pasted is UTF-8. */
interface Chosen {
  name: string
  bytes: Uint8Array
}

export function InboundTry({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const mappings = useQuery({ queryKey: ['setup', 'inbound-mappings'], queryFn: inboundMappings })
  const [mapping, setMapping] = useState<string | null>(null)
  const [text, setText] = useState('')
  const [file, setFile] = useState<Chosen | null>(null)
  const [user, setUser] = useState<string | null>(null)
  const [seen, setSeen] = useState<Seen | null>(null)
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const offered = mappings.data?.mappings ?? []
  const userField = { ...blankField('run_as_user_id', t('inboundTry.runAs'), 'lookup'), references: ['User'] }

  async function tryIt(name: string) {
    setBusy(true)
    setError(null)
    setSeen(null)
    const format = offered.find((each) => each.name === name)?.format ?? ''
    const bytes = file?.bytes ?? new TextEncoder().encode(text)
    try {
      setSeen(await previewInbound(name, { bytes, content_type: TYPES[format] ?? '', run_as_user_id: user }))
    } catch (caught) {
      setError(errorText(caught))
    } finally {
      setBusy(false)
    }
  }

  async function open(chosen: File) {
    setFile({ name: chosen.name, bytes: new Uint8Array(await chosen.arrayBuffer()) })
  }

  return (
    <Drawer open size={760} title={t('inboundTry.title')} onClose={onClose}>
      <div className="draft-form">
        <p className="muted">{t('inboundTry.lead')}</p>
        <FieldRow
          id="try-mapping"
          label={t('inbound.mapping')}
          required
          errors={mappings.error ? [errorText(mappings.error)] : []}
        >
          <Select
            id="try-mapping"
            showSearch
            value={mapping}
            onChange={setMapping}
            loading={mappings.isPending}
            options={offered.map((each) => ({ value: each.name, label: `${each.label} (${each.name})` }))}
          />
        </FieldRow>
        <FieldRow id="try-document" label={t('inboundTry.document')} required errors={[]}>
          <Input.TextArea
            id="try-document"
            rows={8}
            className="mono"
            value={file === null ? text : file.name}
            disabled={file !== null}
            onChange={(event) => setText(event.target.value)}
          />
        </FieldRow>
        <FieldRow id="try-file" label={t('inboundTry.file')} errors={[]}>
          <div className="row">
            <FileButton id="try-file" text={t('inboundTry.choose')} onChoose={(chosen) => void open(chosen)} />
            {file !== null && <Button onClick={() => setFile(null)}>{t('inboundTry.paste')}</Button>}
          </div>
        </FieldRow>
        <FieldRow id="try-user" label={t('inboundTry.runAs')} help={t('inboundTry.runAsHelp')} errors={[]}>
          <LookupInput
            field={userField}
            id="try-user"
            value={user}
            values={{}}
            recordType={null}
            onChange={(id) => setUser(id === null ? null : String(id))}
          />
        </FieldRow>
        <div>
          <Button
            type="primary"
            loading={isBusy}
            disabled={mapping === null || (file === null && text === '')}
            onClick={() => mapping !== null && void tryIt(mapping)}
          >
            {t('inboundTry.try')}
          </Button>
        </div>
        {error !== null && (
          <p className="field-error" role="alert">
            {error}
          </p>
        )}
        {seen !== null && <InboundSeen seen={seen} />}
      </div>
    </Drawer>
  )
}
