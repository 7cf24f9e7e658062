// Somebody else saved meanwhile: both values, field by field, and the choice between them.
import Modal from 'antd/es/modal'
import Radio from 'antd/es/radio'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Labels, ObjectDescribe, Values } from '../../api/types'
import { FieldValue } from '../fields/FieldValue'
import type { Conflict } from './formState'

interface ConflictDialogProps {
  describe: ObjectDescribe
  conflicts: Conflict[]
  myLabels: Labels
  theirLabels: Labels
  onResolve: (values: Values) => void
  onCancel: () => void
}

export function ConflictDialog({
  describe,
  conflicts,
  myLabels,
  theirLabels,
  onResolve,
  onCancel,
}: ConflictDialogProps) {
  const { t } = useTranslation()
  const [takesTheirs, setTakesTheirs] = useState<Record<string, boolean>>({})

  function resolve() {
    onResolve(
      Object.fromEntries(conflicts.map((each) => [each.field, takesTheirs[each.field] ? each.theirs : each.mine])),
    )
  }

  return (
    <Modal
      open
      title={t('conflict.title')}
      okText={t('conflict.save')}
      cancelText={t('conflict.back')}
      onOk={resolve}
      onCancel={onCancel}
      width={640}
    >
      <p>{t('conflict.text')}</p>
      <table className="plain-table conflict-table">
        <thead>
          <tr>
            <th scope="col">{t('conflict.field')}</th>
            <th scope="col">{t('conflict.mine')}</th>
            <th scope="col">{t('conflict.theirs')}</th>
          </tr>
        </thead>
        <tbody>
          {conflicts.map((each) => {
            const field = describe.fields[each.field]
            if (field === undefined) return null
            const theirs = takesTheirs[each.field] ?? false
            const choose = (value: boolean) => setTakesTheirs((current) => ({ ...current, [each.field]: value }))
            return (
              <tr key={each.field}>
                <th scope="row">{field.label}</th>
                <td>
                  <Radio checked={!theirs} name={each.field} onChange={() => choose(false)}>
                    <FieldValue field={field} value={each.mine} label={myLabels[each.field]} />
                  </Radio>
                </td>
                <td>
                  <Radio checked={theirs} name={each.field} onChange={() => choose(true)}>
                    <FieldValue field={field} value={each.theirs} label={theirLabels[each.field]} />
                  </Radio>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Modal>
  )
}
