// Keeps what the list shows now as a view: a new one, or over the tenant's own one that is open.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Modal from 'antd/es/modal'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteListView, saveListView } from '../../api/endpoints'
import type { ListRequest, ListView, ObjectDescribe } from '../../api/types'
import { useErrorText } from '../../frame/useErrorText'
import { FieldRow } from '../fields/FieldRow'
import { viewName } from './viewName'

interface SaveViewDialogProps {
  describe: ObjectDescribe
  request: ListRequest
  view: ListView | null
  onSaved: (name: string | null) => void
  onClose: () => void
}

export function SaveViewDialog({ describe, request, view, onSaved, onClose }: SaveViewDialogProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const own = view?.custom ? view : null
  const [label, setLabel] = useState(own?.label ?? '')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function save(name: string) {
    if (label.trim() === '') {
      setError(t('form.missing'))
      return
    }
    const { columns, filters, logic, order_by, owner } = request
    await run(
      () => saveListView(describe.name, name, { label: label.trim(), columns, filters, logic, order_by, owner }),
      name,
    )
    message.success(t('form.saved'))
  }

  async function run(action: () => Promise<void>, name: string | null) {
    setBusy(true)
    try {
      await action()
      await client.refetchQueries({ queryKey: ['describe', describe.name] })
      onSaved(name)
      onClose()
    } catch (failure) {
      setError(errorText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Modal
      open
      title={t('list.saveView')}
      onCancel={onClose}
      footer={
        <div className="row row-end">
          {own && (
            <Button
              danger
              type="text"
              disabled={isBusy}
              className="push-left"
              onClick={() => void run(() => deleteListView(describe.name, own.name), null)}
            >
              {t('view.delete')}
            </Button>
          )}
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          {own && (
            <Button disabled={isBusy} onClick={() => void save(viewName(label, describe.list_views))}>
              {t('view.saveNew')}
            </Button>
          )}
          <Button
            type="primary"
            loading={isBusy}
            onClick={() => void save(own?.name ?? viewName(label, describe.list_views))}
          >
            {t('action.save')}
          </Button>
        </div>
      }
    >
      <FieldRow
        id="view-label"
        label={t('view.label')}
        required
        help={t('view.help')}
        errors={error === null ? undefined : [error]}
      >
        <Input
          id="view-label"
          autoFocus
          value={label}
          maxLength={80}
          onChange={(event) => setLabel(event.target.value)}
        />
      </FieldRow>
    </Modal>
  )
}
