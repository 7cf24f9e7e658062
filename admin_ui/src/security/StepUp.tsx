// A dangerous act asks who it is; whoever shows it goes on where they were.
import Modal from 'antd/es/modal'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { onVerificationNeeded } from '../api/client'
import { verification, type Method } from '../api/security'
import { VerifyForm } from './VerifyForm'

export function StepUp() {
  const { t } = useTranslation()
  const [methods, setMethods] = useState<Method[] | null>(null)
  const waiting = useRef<((isVerified: boolean) => void)[]>([])

  useEffect(
    () =>
      onVerificationNeeded(async () => {
        const answer = await verification()
        setMethods(answer.methods)
        return new Promise((resolve) => waiting.current.push(resolve))
      }),
    [],
  )

  function close(isVerified: boolean) {
    setMethods(null)
    for (const resolve of waiting.current.splice(0)) resolve(isVerified)
  }

  if (methods === null) return null
  return (
    <Modal open title={t('security.stepUp')} footer={null} width={400} zIndex={1200} onCancel={() => close(false)}>
      <p className="muted">{t('security.stepUpLead')}</p>
      <VerifyForm methods={methods} onVerified={() => close(true)} />
    </Modal>
  )
}
