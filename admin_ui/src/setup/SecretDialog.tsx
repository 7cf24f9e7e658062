// Something that is shown this once and never again: a password, a key, a client's secret.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import { CopyOutlined } from '@ant-design/icons'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { useReady } from '../frame/useReady'

export interface SecretLine {
  label: string
  value: string
  /** Shown as it is to be typed, with a button that copies it. */
  toCopy?: boolean
  testId?: string
}

interface SecretDialogProps {
  title: string
  warning: string
  lines: SecretLine[]
  onClose: () => void
}

export function SecretDialog({ title, warning, lines, onClose }: SecretDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      open
      title={title}
      okText={t('action.close')}
      onOk={onClose}
      onCancel={onClose}
      cancelButtonProps={{ style: { display: 'none' } }}
      mask={{ closable: false }}
    >
      <Alert type="warning" showIcon title={warning} />
      <dl className="password">
        {lines.map((line) => (
          <Fragment key={line.label}>
            <dt>{line.label}</dt>
            <dd>{line.toCopy ? <Copyable line={line} /> : line.value}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  )
}

function Copyable({ line }: { line: SecretLine }) {
  const { t } = useTranslation()
  const ready = useReady()
  return (
    <>
      <code data-testid={line.testId}>{line.value}</code>
      <Button
        size="small"
        icon={<CopyOutlined aria-hidden />}
        aria-label={t('action.copyOf', { what: line.label })}
        onClick={() => {
          void navigator.clipboard?.writeText(line.value)
          ready(t('record.copied'))
        }}
      >
        {t('action.copy')}
      </Button>
    </>
  )
}
