// Which columns a list shows, and in which order.
import { ArrowDownOutlined, ArrowUpOutlined, CloseOutlined, PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ObjectDescribe } from '../../api/types'

interface ColumnChooserProps {
  describe: ObjectDescribe
  columns: string[]
  onApply: (columns: string[]) => void
  onClose: () => void
}

export function ColumnChooser({ describe, columns, onApply, onClose }: ColumnChooserProps) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState(columns)
  const [sought, setSought] = useState('')
  const labelOf = (path: string) => describe.fields[path]?.label ?? path
  const others = Object.values(describe.fields).filter(
    (field) =>
      !chosen.includes(field.name) &&
      field.type !== 'address' &&
      field.type !== 'geolocation' &&
      `${field.label} ${field.name}`.toLowerCase().includes(sought.trim().toLowerCase()),
  )

  function move(index: number, step: -1 | 1) {
    setChosen((current) => {
      const next = [...current]
      const [moved] = next.splice(index, 1)
      if (moved !== undefined) next.splice(index + step, 0, moved)
      return next
    })
  }

  return (
    <Drawer
      open
      onClose={onClose}
      size={420}
      title={t('list.columns')}
      footer={
        <div className="row">
          <Button
            type="primary"
            disabled={chosen.length === 0}
            onClick={() => {
              onApply(chosen)
              onClose()
            }}
          >
            {t('filter.apply')}
          </Button>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
        </div>
      }
    >
      <h3>{t('columns.shown')}</h3>
      <ol className="column-list">
        {chosen.map((path, index) => (
          <li key={path}>
            <span className="ellipsis">{labelOf(path)}</span>
            <Button
              type="text"
              size="small"
              icon={<ArrowUpOutlined aria-hidden />}
              disabled={index === 0}
              aria-label={t('columns.up', { column: labelOf(path) })}
              onClick={() => move(index, -1)}
            />
            <Button
              type="text"
              size="small"
              icon={<ArrowDownOutlined aria-hidden />}
              disabled={index === chosen.length - 1}
              aria-label={t('columns.down', { column: labelOf(path) })}
              onClick={() => move(index, 1)}
            />
            <Button
              type="text"
              size="small"
              icon={<CloseOutlined aria-hidden />}
              aria-label={t('columns.remove', { column: labelOf(path) })}
              onClick={() => setChosen((current) => current.filter((each) => each !== path))}
            />
          </li>
        ))}
      </ol>
      <h3>{t('columns.others')}</h3>
      <Input
        allowClear
        value={sought}
        placeholder={t('columns.search')}
        aria-label={t('columns.search')}
        onChange={(event) => setSought(event.target.value)}
      />
      <ul className="column-list">
        {others.map((field) => (
          <li key={field.name}>
            <span className="ellipsis">{field.label}</span>
            <Button
              type="text"
              size="small"
              icon={<PlusOutlined aria-hidden />}
              aria-label={t('columns.add', { column: field.label })}
              onClick={() => setChosen((current) => [...current, field.name])}
            />
          </li>
        ))}
      </ul>
    </Drawer>
  )
}
