// A button that asks for a file; the browser's own control speaks the browser's language and looks like nothing here.
import { UploadOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { useRef } from 'react'

interface FileButtonProps {
  id: string
  text: string
  accept?: string
  onChoose: (file: File) => void
}

export function FileButton({ id, text, accept, onChoose }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        id={id}
        className="visually-hidden"
        type="file"
        accept={accept}
        tabIndex={-1}
        onChange={(event) => {
          const [file] = event.target.files ?? []
          if (file) onChoose(file)
          event.target.value = '' // the same file, mended, may be chosen again
        }}
      />
      <Button icon={<UploadOutlined aria-hidden />} onClick={() => input.current?.click()}>
        {text}
      </Button>
    </>
  )
}
